'use strict';

// Shop window: renders the catalogue, keeps a basket per customer and pushes
// stock changes to open pages.

const http = require('http');
const path = require('path');
const express = require('express');
const WebSocket = require('ws');

const { listProducts } = require('./catalogue');
const { requireCustomer } = require('./session');
const { addItem, basketFor, totalOf } = require('./basket');
const { deliveryDay } = require('./dates');

const app = express();
app.set('view engine', 'ejs');
app.set('views', path.join(__dirname, '..', 'views'));
app.use(express.urlencoded({ extended: true }));
app.use(express.json({ limit: '100kb' }));

app.get('/', async (req, res, next) => {
  try {
    const products = await listProducts({ sort: req.query.sort });
    res.render('index', { products, delivery: deliveryDay(req.query.locale) });
  } catch (err) {
    next(err);
  }
});

app.get('/basket', requireCustomer, (req, res) => {
  const basket = basketFor(req.customer.id);
  res.json({ items: basket.items, total: totalOf(basket) });
});

app.post('/basket', requireCustomer, (req, res) => {
  const basket = addItem(req.customer.id, req.body);
  res.status(201).json({ items: basket.items, total: totalOf(basket) });
});

app.use((err, req, res, next) => {
  console.error(err.message);
  res.status(500).send('Sorry, the shop is having trouble.');
});

const server = http.createServer(app);
const live = new WebSocket.Server({ server, path: '/live' });

/** Tell every open page that the stock of a product has changed. */
function announceStock(sku, left) {
  const message = JSON.stringify({ sku, left });
  for (const client of live.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(message);
  }
}

if (require.main === module) {
  server.listen(process.env.PORT || 3000);
}

module.exports = { app, announceStock };
