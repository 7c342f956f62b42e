'use strict';

const _ = require('lodash');

const DEFAULTS = { quantity: 1, gift: { wrap: false, note: '' } };
const baskets = new Map();

function basketFor(customerId) {
  if (!baskets.has(customerId)) baskets.set(customerId, { items: [] });
  return baskets.get(customerId);
}

/** Put one line into a basket; missing fields are filled from the defaults. */
function addItem(customerId, wanted) {
  const line = _.defaultsDeep(_.pick(wanted, ['sku', 'price', 'quantity', 'gift']), DEFAULTS);
  const basket = basketFor(customerId);
  basket.items.push(line);
  return basket;
}

/** Total in cents. */
function totalOf(basket) {
  return _.sumBy(basket.items, (line) => line.price * line.quantity);
}

module.exports = { addItem, basketFor, totalOf };
