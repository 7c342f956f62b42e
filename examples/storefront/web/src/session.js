'use strict';

const jwt = require('jsonwebtoken');

const SECRET = process.env.SESSION_SECRET;

/** Express middleware: let only signed-in customers through. */
function requireCustomer(req, res, next) {
  const header = req.get('authorization') || '';
  const token = header.replace(/^Bearer /, '');
  jwt.verify(token, SECRET, { algorithms: ['HS256'] }, (err, claims) => {
    if (err) return res.status(401).json({ error: 'Please sign in.' });
    req.customer = { id: claims.sub, name: claims.name };
    return next();
  });
}

function issueToken(customer) {
  return jwt.sign({ name: customer.name }, SECRET, {
    subject: customer.id,
    expiresIn: '2h',
  });
}

module.exports = { requireCustomer, issueToken };
