// An identity provider from npm's samlp on express 4: a signed session cookie, no database.
// Its settings come as JSON in the first argument.
const crypto = require('crypto');
const express = require('express');
const fs = require('fs');
const samlp = require('samlp');

const settings = JSON.parse(process.argv[2]);
const secret = crypto.randomBytes(32);
const people = { amina: { id: 'amina@example.com', password: 'open-sesame' } };

const seal = (name) => `${name}.${crypto.createHmac('sha256', secret).update(name).digest('hex')}`;

function person(request) {
  const found = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie || '');
  if (!found) return undefined;
  const name = found[1].split('.')[0];
  const expected = Buffer.from(seal(name));
  const given = Buffer.from(found[1]);
  const same = given.length === expected.length && crypto.timingSafeEqual(given, expected);
  return same ? people[name] : undefined;
}

const respond = samlp.auth({
  issuer: settings.issuer,
  cert: fs.readFileSync(settings.certificate),
  key: fs.readFileSync(settings.key),
  signResponse: false,
  getUserFromRequest: person,
  getPostURL: (audience, request, http, done) =>
    done(null, audience === settings.entityId ? settings.acsUrl : undefined),
  profileMapper: (user) => ({
    getClaims: () => settings.attributes,
    getNameIdentifier: () => ({ nameIdentifier: user.id }),
  }),
});

const app = express();
app.use(express.urlencoded({ extended: false }));
app.get('/sso', (request, response, next) => {
  if (person(request)) return respond(request, response, next);
  return response.send(
    '<form method="post"><input name="username"><input name="password" type="password"></form>'
  );
});
app.post('/sso', (request, response) => {
  const known = people[request.body.username];
  if (!known || known.password !== request.body.password) return response.sendStatus(403);
  response.cookie('session', seal(request.body.username), { httpOnly: true });
  return response.redirect(303, request.originalUrl);
});
app.listen(settings.port, '127.0.0.1');
