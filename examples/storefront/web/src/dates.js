'use strict';

const moment = require('moment');

const KNOWN_LOCALES = ['en', 'de', 'fr', 'nl'];

/** The day a parcel ordered now will arrive, skipping Sunday. */
function deliveryDay(locale, now = moment()) {
  const day = moment(now).add(2, 'days');
  if (day.isoWeekday() === 7) day.add(1, 'day');
  return day.locale(KNOWN_LOCALES.includes(locale) ? locale : 'en').format('dddd, LL');
}

module.exports = { deliveryDay };
