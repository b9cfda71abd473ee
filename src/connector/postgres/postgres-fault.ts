import { RetakeError } from '../../kit/errors.js'
import { isTlsFault, tlsError } from '../tls.js'

/**
 * What is known of a statement that did not succeed:
 *
 *     unreachable   there was no connection, so nothing was sent
 *     unanswered    it was sent and the connection ended: it may have been applied, or may still be
 *     transient     the server answered that it was not applied; again it may be
 *     refused       the server answered that it was not applied, and never will be as things are
 */
export type FaultKind = 'unreachable' | 'unanswered' | 'transient' | 'refused'

/** A statement, or the attempt to connect, did not succeed. */
export class PostgresFault extends Error {
  override readonly name = 'PostgresFault'
  readonly kind: FaultKind
  /** SQLSTATE, or what the socket said. */
  readonly code: string | undefined

  constructor(kind: FaultKind, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.kind = kind
    this.code = codeOf(cause)
  }
}

/** Serialization failure, deadlock, lock time-out, statement time-out or cancel, and a server that is short of something. */
const TRANSIENT = /^(?:40001|40P01|55P03|57014|25006|53...)$/
/** The server says that this connection is over, not what became of the statement. */
const ENDS_CONNECTION = /^(?:08...|57P0.|40003|25P0.)$/

/** Of an error that a statement met after it was sent. */
export function statementFault(error: unknown): PostgresFault {
  if (error instanceof PostgresFault) return error
  const code = codeOf(error)
  if (code === undefined || !isSqlState(error) || ENDS_CONNECTION.test(code))
    return new PostgresFault('unanswered', error)
  return new PostgresFault(TRANSIENT.test(code) ? 'transient' : 'refused', error)
}

/** Of an error that connecting met. */
export function connectFault(error: unknown): PostgresFault {
  if (error instanceof PostgresFault) return error
  const code = codeOf(error)
  const isRefused =
    (isSqlState(error) && !/^(?:08|53|57|25|40|XX)/.test(code ?? '')) ||
    isBadPassword(error) ||
    isTlsFault(code) ||
    isWithoutTls(error)
  return new PostgresFault(isRefused ? 'refused' : 'unreachable', error)
}

/** What a user is told of it. `where` names the table or the server, never the password. */
export function faultError(fault: PostgresFault, where: string): RetakeError {
  const why = fault.code === undefined ? fault.message : `${fault.message} (${fault.code})`
  const text = { why, cause: fault.cause }
  switch (fault.kind) {
    case 'unreachable':
      return new RetakeError('RT1440', {
        ...text,
        what: `PostgreSQL cannot be reached for ${where}`,
        fix: 'check that the server runs and accepts connections from this node; the job tries again by its restart strategy',
      })
    case 'unanswered':
    case 'transient':
      return new RetakeError('RT1448', {
        ...text,
        what: `PostgreSQL did not confirm a write to ${where}`,
        fix: 'nothing needs to be done: a new attempt fences the write and repeats it; look at the server if this recurs',
      })
    case 'refused':
      return refusal(fault, where, text)
  }
}

function refusal(fault: PostgresFault, where: string, text: { why: string; cause: unknown }): RetakeError {
  const { code } = fault
  if (code !== undefined && isTlsFault(code)) return tlsError(code, `PostgreSQL, ${where}`, text)
  if (isWithoutTls(fault)) {
    return new RetakeError('RT1490', {
      ...text,
      what: `PostgreSQL, ${where}: the server does not speak TLS`,
      fix: 'set ssl = on at the server, or say sslmode=disable where nobody can listen on the way',
    })
  }
  if (wantsTls(fault)) {
    return new RetakeError('RT1490', {
      ...text,
      what: `PostgreSQL, ${where}: the server takes this user only over TLS`,
      fix: 'add ?sslmode=verify-full&sslrootcert=FILE to the address of the database, or give tls to postgres.sink',
    })
  }
  switch (code) {
    case '28P01':
    case '28000':
    case undefined:
      return new RetakeError('RT1441', {
        ...text,
        what: `PostgreSQL refused the credentials for ${where}`,
        fix: 'correct user and password in the address of the database (or in its secret), or the certificate where the server asks for one',
      })
    case 'ERR_INVALID_URL':
      return new RetakeError('RT1450', {
        ...text,
        what: 'the address of the database cannot be read',
        fix: 'write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded',
      })
    case '3D000':
      return new RetakeError('RT1442', {
        ...text,
        what: `the database for ${where} does not exist`,
        fix: 'create the database, or correct its name in the address',
      })
    case '42501':
      return new RetakeError('RT1445', {
        ...text,
        what: `a permission is missing for ${where}`,
        fix: 'grant the user of the job what it needs: select, insert and update on the table, retake_fence and retake_ledger, and create on the schema when they are not there yet',
      })
    case '42P01':
    case '3F000':
      return new RetakeError('RT1443', {
        ...text,
        what: `a table is missing for ${where}`,
        fix: 'create it, or set createTable: true',
      })
    case '42703':
    case '42804':
    case '42P10':
      return new RetakeError('RT1444', {
        ...text,
        what: `${where} is not as the sink needs it`,
        fix: 'change the table or the columns of the sink so that names, types and key agree',
      })
    default:
      return new RetakeError('RT1449', {
        ...text,
        what: `PostgreSQL refused a write to ${where}`,
        fix: 'make the table accept what the job writes (constraints, triggers, partitions), then start the job again',
      })
  }
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** An answer of the server, as against an error of the socket. */
function isSqlState(error: unknown): boolean {
  return (
    (error as { severity?: unknown } | null)?.severity !== undefined &&
    /^[0-9A-Z]{5}$/.test(codeOf(error) ?? '')
  )
}

/** SASL refuses a missing password by itself, before the server is asked. */
function isBadPassword(error: unknown): boolean {
  return error instanceof Error && /password must be a (?:non-empty )?string/i.test(error.message)
}

/** The client's own words, and no code. (A server that answers with an error instead is short of something, and may not be.) */
function isWithoutTls(error: unknown): boolean {
  return error instanceof Error && error.message.includes('does not support SSL')
}

/** `pg_hba.conf` has a line for this user under `hostssl` alone; before PostgreSQL 14: "SSL off". */
function wantsTls({ code, message }: PostgresFault): boolean {
  return code === '28000' && /no encryption|SSL off/.test(message)
}
