import { expect, test } from 'vitest'
import { databaseAddress } from '#src/connector/postgres/database-address.js'

const PLACE = 'postgres://ann:hush%3F@db.example.com:5433/shop'
const CERT = '-----BEGIN CERTIFICATE-----\nnot a certificate\n-----END CERTIFICATE-----\n'

test('when an address says nothing of TLS, then it stays as it is, and there is none', () => {
  const address = `${PLACE}?options=-c%20search_path%3Dmine&connect_timeout=3`
  expect(databaseAddress(address)).toEqual({ url: address, tls: false })
  expect(databaseAddress(PLACE, false)).toEqual({ url: PLACE, tls: false })
})

test.each([
  ['?sslmode=disable', false],
  ['?sslmode=require', { rejectUnauthorized: false }],
  ['?sslmode=verify-full', {}],
  ['?sslmode=verify-full&sslrootcert=system', {}],
])('when it says %s, then the client hears no more of it', (words, tls) => {
  expect(databaseAddress(`${PLACE}${words}`)).toEqual({ url: PLACE, tls })
  expect(databaseAddress(`${PLACE}${words}&connect_timeout=3`)).toEqual({
    url: `${PLACE}?connect_timeout=3`,
    tls,
  })
})

test('when the option says true, then authority and name are verified', () => {
  expect(databaseAddress(PLACE, true)).toEqual({ url: PLACE, tls: {} })
  expect(databaseAddress(PLACE, {})).toEqual({ url: PLACE, tls: {} })
  expect(databaseAddress(PLACE, { mode: 'disable' })).toEqual({ url: PLACE, tls: false })
})

test.each([
  ['sslmode', '?sslmode=prefer', undefined],
  ['sslmode', '?sslmode=allow', undefined],
  ['sslmode', '?sslmode=', undefined],
  ['sslmode', '?sslcert=/dev/null&sslkey=/dev/null', undefined],
  ['sslcrl', '?sslmode=verify-full&sslcrl=/etc/crl.pem', undefined],
  ['sslnegotiation', '?sslmode=require&sslnegotiation=direct', undefined],
  ['ssl', '?ssl=true', undefined],
  ['sslrootcert', '?sslmode=verify-ca', undefined],
  ['sslrootcert', '?sslmode=verify-ca&sslrootcert=system', undefined],
  ['sslrootcert', '?sslmode=verify-full&sslrootcert=/nowhere/ca.pem', undefined],
  ['sslrootcert', '?sslmode=verify-full&sslrootcert=/dev/null', undefined],
  ['tls', '?sslmode=require', true],
  ['tls', '?sslmode=require', false],
  ['tls', '', 'yes'],
  ['tls.mode', '', { mode: 'prefer' }],
  ['tls.ca', '', { mode: 'verify-ca' }],
  ['tls.ca', '', { ca: '/etc/ca.pem' }],
  ['tls.ca', '', { ca: 7 }],
  ['tls.cert', '', { cert: '/etc/client.pem', key: 'x' }],
  ['tls.key', '', { cert: CERT }],
  ['tls.servername', '', { servername: 'db' }],
])(
  'when %s cannot be meant, as in %j with %j, then the error names it, and no password',
  (name, words, tls) => {
    const read = () => databaseAddress(`${PLACE}${words}`, tls)
    expect(read).toThrow(
      expect.objectContaining({ code: 'RT1450', what: `${name} of a PostgreSQL database is wrong` }),
    )
    expect(read).not.toThrow(/hush/)
  },
)
