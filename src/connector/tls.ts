import { type ConnectionOptions, createSecureContext } from 'node:tls'
import { RetakeError } from '../kit/errors.js'

/** What a client trusts (`ca`) and shows (`cert` and its `key`), each a PEM text, `ca` maybe of several certificates. */
export interface TlsTexts {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** Of the key, where it is encrypted. */
  readonly passphrase?: string
}

/** Which of the texts cannot be used, and why; undefined when all can. */
export function unusableText(tls: TlsTexts): { option: keyof TlsTexts; why: string } | undefined {
  const { ca, cert, key } = tls
  if (ca !== undefined && !holdsCertificate(ca)) return { option: 'ca', why: NO_CERTIFICATE }
  if (cert !== undefined && !holdsCertificate(cert)) return { option: 'cert', why: NO_CERTIFICATE }
  if (key !== undefined && !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)) {
    return { option: 'key', why: 'it holds no private key in PEM' }
  }
  if (cert === undefined && key !== undefined) return { option: 'cert', why: 'there is a key without it' }
  if (cert !== undefined && key === undefined) return { option: 'key', why: 'there is a cert without it' }
  try {
    createSecureContext(tls)
    return undefined
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { option: key === undefined ? 'ca' : 'key', why }
  }
}

export const TLS_TEXT_FIX =
  'give the PEM text itself (-----BEGIN …), not the path of a file; secret("name") keeps it out of the job'

const NO_CERTIFICATE = 'it holds no certificate in PEM'

function holdsCertificate(text: string): boolean {
  return /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(text)
}

/** Trusts whoever has a certificate of the right authority, under any name. */
export const ANY_NAME: Pick<ConnectionOptions, 'checkServerIdentity'> = {
  checkServerIdentity: () => undefined,
}

/**
 * Why two sides that could talk will not, by what can be done about it.
 *
 *     untrusted    nobody whom we trust has signed the server's certificate
 *     other-name   it was made out to another name than the one we asked for
 *     out-of-date  it is not valid today
 *     refused      the server does not take the certificate that we show, or wants one
 *     no-tls       what the server answers is no TLS, or none that we speak
 */
type TlsFault = 'untrusted' | 'other-name' | 'out-of-date' | 'refused' | 'no-tls'

/** Whether `code`, Node's or OpenSSL's name of an error, tells that TLS fails for as long as nobody changes anything. */
export function isTlsFault(code: string | undefined): boolean {
  return code !== undefined && faultOf(code) !== undefined
}

/** A peer that dies, or a cut cable, in the words of OpenSSL. */
const PASSING = /UNEXPECTED_EOF|BAD_RECORD_MAC|DECRYPT|INTERNAL_ERROR|UNEXPECTED_MESSAGE/

function faultOf(code: string): TlsFault | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') return 'other-name'
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'out-of-date'
  if (/^ERR_(?:SSL|TLS|OSSL)_/.test(code)) {
    if (PASSING.test(code)) return undefined
    return /ALERT/.test(code) ? 'refused' : 'no-tls'
  }
  return /CERT|^INVALID_(?:CA|PURPOSE)|^UNABLE_TO_(?:GET|VERIFY|DECODE)/.test(code) ? 'untrusted' : undefined
}

/** What a user is told of an error for whose `code` `isTlsFault` holds. `about` names what was asked of whom. */
export function tlsError(
  code: string,
  about: string,
  told: { readonly why: string; readonly cause: unknown },
): RetakeError {
  switch (faultOf(code) ?? 'no-tls') {
    case 'untrusted':
      return new RetakeError('RT1490', {
        ...told,
        what: `${about}: the certificate of the server is signed by nobody whom this node trusts`,
        fix: 'give the certificate of the authority that signed it: tls.ca of the source or sink, or sslrootcert in the address of a database',
      })
    case 'other-name':
      return new RetakeError('RT1490', {
        ...told,
        what: `${about}: the certificate of the server was made out to another name`,
        fix: 'address the server by a name that its certificate holds (of Kafka: in advertised.listeners too), or have the certificate made out to this one',
      })
    case 'out-of-date':
      return new RetakeError('RT1490', {
        ...told,
        what: `${about}: the certificate of the server is not valid today`,
        fix: 'renew the certificate of the server, and look at the clock of this node',
      })
    case 'refused':
      return new RetakeError('RT1490', {
        ...told,
        what: `${about}: the server refuses the certificate of this job`,
        fix: 'give tls.cert and tls.key (of a database: or sslcert and sslkey), signed by an authority that the server trusts',
      })
    case 'no-tls':
      return new RetakeError('RT1490', {
        ...told,
        what: `${about}: the server does not speak the TLS of this job`,
        fix: 'address the port at which it speaks TLS 1.2 or newer, or leave tls out if it has none',
      })
  }
}
