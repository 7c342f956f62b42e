'use strict';

const axios = require('axios');
const _ = require('lodash');

const client = axios.create({
  baseURL: process.env.CATALOGUE_URL || 'http://localhost:8000',
  timeout: 2000,
});

const SORTS = ['name', 'price', 'newest'];

/** Fetch the products on sale, grouped by shelf. */
async function listProducts({ sort } = {}) {
  const { data } = await client.get('/products/', {
    params: { sort: SORTS.includes(sort) ? sort : 'name' },
  });
  const onSale = _.filter(data.products, (p) => p.price > 0);
  return _.groupBy(onSale, 'shelf');
}

module.exports = { listProducts };
