import { RetakeError } from '../../kit/errors.js'
import type { NatsOptions } from './nats-client.js'

/** What is wrong with the way we come to NATS, told without a word of what is secret in it. */

const CREDENTIALS =
  /-{3,}BEGIN NATS USER JWT-{3,}\s*(\S+)\s*-{3,}END[^\n]*[\s\S]*-{3,}BEGIN USER NKEY SEED-{3,}\s*(\S+)\s*-{3,}END/
const SEED = /^SU[A-Z2-7]{56}$/

/** What makes asking a server pointless; undefined when it may be asked. `now` is milliseconds since 1970. */
export function loginFault({ nkeySeed, credentials }: NatsOptions, now: number): RetakeError | undefined {
  if (nkeySeed !== undefined && !SEED.test(nkeySeed)) {
    return new RetakeError('RT1502', {
      what: 'the seed of our nkey is no seed of a user',
      why: 'one has 58 characters, and begins with SU',
      fix: 'name the file that the administrator of NATS has given out with --nats-nkey',
    })
  }
  if (credentials === undefined) return undefined
  const [, jwt, seed] = CREDENTIALS.exec(credentials) ?? []
  if (jwt === undefined || seed === undefined || !SEED.test(seed)) {
    return new RetakeError('RT1502', {
      what: 'our credentials are no .creds file',
      why: 'one has the JWT of a user, and the seed of its nkey',
      fix: 'name the file that the administrator of NATS has given out with --nats-creds',
    })
  }
  const expired = expiryOf(jwt)
  if (expired === undefined || expired > now) return undefined
  return new RetakeError('RT1502', {
    what: `our credentials expired at ${new Date(expired).toISOString()}`,
    why: 'the JWT in the .creds file says so, and no server takes it after that',
    fix: 'have whoever runs that NATS write a new .creds file (nsc generate creds)',
  })
}

/** Milliseconds since 1970; undefined: it never does, or does not say. */
function expiryOf(jwt: string): number | undefined {
  try {
    const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as {
      exp?: number
    }
    return claims.exp === undefined || claims.exp === 0 ? undefined : claims.exp * 1_000
  } catch {
    return undefined // the server will say what is wrong with it
  }
}

/** The server at `where` wants to know who we are, and does not like what it heard. */
export function refusedLogin(login: NatsOptions, where: string, why: string, cause: unknown): RetakeError {
  const kind = kindOf(login)
  if (kind === undefined && login.tls?.certFile === undefined && login.tls?.cert === undefined) {
    return new RetakeError('RT1502', {
      what: `NATS at ${where} wants to know who we are`,
      why: `we gave no user, token, nkey or credentials (${why})`,
      fix: 'set RETAKE_NATS_USER and RETAKE_NATS_PASSWORD, or RETAKE_NATS_TOKEN, or name a file with --nats-creds or --nats-nkey',
      where,
      cause,
    })
  }
  return new RetakeError('RT1502', {
    what: `NATS at ${where} refused the credentials`,
    why: `it does not know ${kind ?? 'the certificate that we show'} (${why})`,
    fix: 'check user and password, token, nkey seed or credentials file of this node',
    where,
    cause,
  })
}

function kindOf({ user, password, token, nkeySeed, credentials }: NatsOptions): string | undefined {
  if (credentials !== undefined) return 'our .creds file'
  if (nkeySeed !== undefined) return 'our nkey'
  if (user !== undefined || password !== undefined) return 'our user, or its password is another'
  return token === undefined ? undefined : 'our token'
}

const NOT_TRUSTED =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(GET_ISSUER_CERT(_LOCALLY)?|VERIFY_LEAF_SIGNATURE)|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)$/

/** What kept a TLS handshake with the server at `where` from its end; undefined when the error is of another kind. */
export function tlsFault(thrown: unknown, where: string, cause: unknown = thrown): RetakeError | undefined {
  const { code, message } = thrown as { code?: unknown; message?: unknown }
  const [name, why] = [String(code ?? ''), String(message ?? '')]
  if (NOT_TRUSTED.test(name)) {
    return new RetakeError('RT1526', {
      what: `NATS at ${where} shows a certificate that nobody we trust has signed`,
      why,
      fix: 'name the file of whoever signed it with --tls-ca',
      where,
      cause,
    })
  }
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(name)) {
    return new RetakeError('RT1526', {
      what: `NATS at ${where} shows a certificate that has expired, or is not valid yet`,
      why,
      fix: 'have it renewed on the server; or set the clock of this machine right',
      where,
      cause,
    })
  }
  if (name === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new RetakeError('RT1526', {
      what: `NATS at ${where} shows a certificate for another name`,
      why,
      fix: 'call the server in --nats by a host name that stands in its certificate; an IP address is none',
      where,
      cause,
    })
  }
  if (name === 'SERVER_OPT_NA') {
    return new RetakeError('RT1526', {
      what: `NATS at ${where} offers no TLS, which we ask for`,
      why: 'what we say, passwords too, would be read by whoever listens',
      fix: 'have it switched on there (tls { … }), or leave out tls:// and the --tls options',
      where,
      cause,
    })
  }
  if (name !== 'TLS' && !/^ERR_(SSL|TLS|OSSL)_|^EPROTO$/.test(name)) return undefined
  return new RetakeError('RT1526', {
    what: `NATS at ${where} cannot be spoken to with TLS`,
    why,
    fix: 'check --tls-ca, --tls-cert and --tls-key, and that the two belong together',
    where,
    cause,
  })
}

/** One that wants to see a certificate of ours, and was shown none, or one that it does not like: it says nothing more. */
export function certificateWanted(isShown: boolean, where: string, cause: unknown): RetakeError {
  return new RetakeError('RT1526', {
    what: `NATS at ${where} wants to see a certificate of ours`,
    why: isShown
      ? 'it ended the handshake: the one that we show is signed by nobody it trusts, or has expired'
      : 'we show none, and it has "verify" set',
    fix: 'name one that the ca_file of the server has signed, and its key, with --tls-cert and --tls-key',
    where,
    cause,
  })
}
