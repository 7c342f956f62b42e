'use strict';

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const Handlebars = require('handlebars');

const { addItem, totalOf } = require('../src/basket');

describe('basket', () => {
  it('adds up its lines', () => {
    addItem('c1', { sku: 'TEA-1', price: 450, quantity: 2 });
    const basket = addItem('c1', { sku: 'MUG-7', price: 900 });
    assert.strictEqual(totalOf(basket), 1800);
  });

  it('fits the receipt template', () => {
    const source = fs.readFileSync(path.join(__dirname, '..', 'templates', 'receipt.hbs'), 'utf8');
    const text = Handlebars.compile(source)({ name: 'Ada', items: [], total: '18.00' });
    assert.ok(text.startsWith('Thank you, Ada.'));
  });
});
