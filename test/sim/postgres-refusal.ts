import { type PostgresFault, statementFault } from '#src/connector/postgres/postgres-fault.js'

/** What PostgreSQL answers with SQLSTATE `code`; production decides what kind of fault that is. */
export function refusal(code: string, message: string): PostgresFault {
  return statementFault(Object.assign(new Error(message), { severity: 'ERROR', code }))
}
