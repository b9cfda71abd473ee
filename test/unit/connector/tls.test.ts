import { expect, test } from 'vitest'
import { isTlsFault, tlsError } from '#src/connector/tls.js'
import { errorInfoOf, isCurable } from '#src/kit/errors.js'

test.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', /signed by nobody whom this node trusts/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', /signed by nobody whom this node trusts/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /signed by nobody whom this node trusts/],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /signed by nobody whom this node trusts/],
  ['INVALID_CA', /signed by nobody whom this node trusts/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /another name/],
  ['CERT_HAS_EXPIRED', /not valid today/],
  ['CERT_NOT_YET_VALID', /not valid today/],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /refuses the certificate of this job/],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /refuses the certificate of this job/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', /does not speak the TLS of this job/],
])('when TLS fails with %s, then it fails for good, and the error says what is the matter', (code, what) => {
  expect(isTlsFault(code)).toBe(true)
  const error = tlsError(code, 'topic "t"', { why: 'text', cause: undefined })
  expect(error).toMatchObject({ code: 'RT1490', what: expect.stringMatching(what) })
  expect(isCurable(errorInfoOf(error))).toBe(false)
})

test.each([
  ['ECONNRESET'],
  ['ECONNREFUSED'],
  ['ERR_SSL_UNEXPECTED_EOF_WHILE_READING'],
  ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'],
  ['28P01'],
  [undefined],
])('when it is %s, then TLS is not to blame', (code) => {
  expect(isTlsFault(code)).toBe(false)
})
