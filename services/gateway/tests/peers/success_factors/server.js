// What SuccessFactors has and a CAP server does not: Basic as user@company, tokens for SAML assertions, `in` without brackets,
// customPageSize; and, below /control, what tests need: people, troubles, a log of requests.
const cds = require('@sap/cds')
const crypto = require('node:crypto')
const express = require('express')
const fs = require('node:fs')
const path = require('node:path')
const { DOMParser } = require('@xmldom/xmldom')
const { SignedXml } = require('xml-crypto')
const odataV2 = require('@cap-js-community/odata-v2-adapter')

const COMPANY = 'ACME', USER = 'sfapi', PASSWORD = 'correct horse', CLIENT = 'client&key'
const key = fs.readFileSync(path.join(process.env.PEER_SOURCES || __dirname, 'public.pem'), 'utf8')
const tokens = new Set()
let troubles = [], log = []

function odataError(res, status, code, value) {
  res.status(status).json({ error: { code, message: { lang: 'en-US', value } } })
}

// Throws unless the assertion is signed by the registered key and says what SAP's guide asks for.
function checkAssertion(text, recipient) {
  const xml = Buffer.from(text, 'base64').toString('utf8')
  const document = new DOMParser().parseFromString(xml, 'text/xml')
  const first = name => document.getElementsByTagNameNS('*', name)[0]
  const signed = new SignedXml({ publicCert: key, getCertFromKeyInfo: () => null })
  signed.loadSignature(first('Signature'))
  if (!signed.checkSignature(xml)) throw new Error('the signature is wrong')
  const [whole] = signed.getSignedReferences()
  if (!whole.includes('<saml2:Assertion ') || whole.includes('Signature')) throw new Error('not the assertion is signed')
  const conditions = first('Conditions'), now = Date.now()
  if (Date.parse(conditions.getAttribute('NotBefore')) > now) throw new Error('not yet valid')
  if (Date.parse(conditions.getAttribute('NotOnOrAfter')) <= now) throw new Error('not valid any more')
  if (first('Audience').textContent !== 'www.successfactors.com') throw new Error('for another audience')
  if (first('SubjectConfirmationData').getAttribute('Recipient') !== recipient) throw new Error('for another recipient')
  if (first('NameID').textContent !== USER) throw new Error('of an unknown user')
  if (first('AttributeValue').textContent !== CLIENT) throw new Error('for another client')
}

function token(req, res) {
  const recipient = `http://${req.headers.host}/oauth/token`
  try {
    const { grant_type, company_id, client_id, assertion } = req.body
    if (grant_type !== 'urn:ietf:params:oauth:grant-type:saml2-bearer') throw new Error('another grant_type')
    if (company_id !== COMPANY || client_id !== CLIENT) throw new Error('an unknown client')
    checkAssertion(assertion, recipient)
  } catch (error) {
    return res.status(401).json({ errorHttpCode: '401', errorMessage: `Unable to authenticate the client: ${error.message}` })
  }
  const access_token = crypto.randomBytes(24).toString('base64url')
  tokens.add(access_token)
  res.json({ access_token, token_type: 'Bearer', expires_in: 86399 })
}

function known(req) {
  const [scheme, text] = (req.headers.authorization || '').split(' ')
  const basic = Buffer.from(`${USER}@${COMPANY}:${PASSWORD}`).toString('base64')
  return (scheme === 'Basic' && text === basic) || (scheme === 'Bearer' && tokens.has(text))
}

// Breaks one answer, or lets it pass.
function trouble(req, res, next) {
  const kind = troubles.shift()
  if (!kind || kind.pass) return next()
  if (kind.status) {
    if (kind.retryAfter) res.set('Retry-After', kind.retryAfter)
    return odataError(res, kind.status, 'COE0000', 'Something went wrong')
  }
  // The connection breaks in the middle of the answer.
  res.writeHead(200, { 'content-type': 'application/json' })
  res.write('{"d":{"results":[{"userId":"half')
  setTimeout(() => res.destroy(), 20)
}

cds.on('bootstrap', app => {
  app.put('/control/people', express.json({ limit: '50mb' }), async (req, res) => {
    const { DELETE, INSERT, UPSERT } = cds.ql
    const rows = req.body.map(({ manager, ...user }) => ({ ...user, manager_userId: manager ?? null }))
    if (req.query.all) await DELETE.from('SFOData.User')
    if (rows.length) await (req.query.all ? INSERT : UPSERT).into('SFOData.User').entries(rows)
    res.sendStatus(204)
  })
  app.put('/control/troubles', express.json(), (req, res) => { troubles = req.body; res.sendStatus(204) })
  app.delete('/control/tokens', (_, res) => { tokens.clear(); res.sendStatus(204) })
  app.get('/control/log', (_, res) => { res.json(log); log = [] })
  app.post('/oauth/token', express.urlencoded({ extended: false, limit: '1mb' }), token)
  app.use('/odata/v2', (req, res, next) => {
    log.push(`${req.method} ${decodeURIComponent(req.originalUrl)}`)
    if (!known(req)) return odataError(res, 401, 'LGN0002', 'Authentication failed')
    trouble(req, res, next)
  })
  app.use((req, _, next) => {
    const url = new URL(req.url, 'http://here')
    if (!url.pathname.startsWith('/odata/v2/')) return next()
    const size = url.searchParams.get('customPageSize')
    if (size) cds.model.definitions['SFOData.User']['@cds.query.limit.max'] = Number(size)
    const filter = url.searchParams.get('$filter')
    if (filter) {
      const brackets = filter.replace(/status in ('t'(?:,'f')?)/, (_, list) => `status in (${list})`)
      url.searchParams.set('$filter', brackets)
    }
    if (!url.pathname.startsWith('/odata/v2/sf/')) url.pathname = url.pathname.replace('/odata/v2/', '/odata/v2/sf/')
    req.url = req.originalUrl = url.pathname + url.search
    next()
  })
  app.use(odataV2())
})

cds.on('served', () => cds.deploy(path.join(cds.root, 'srv')).to('db'))

module.exports = cds.server
