import { errorInfoOf } from '../kit/errors.js'

/** What `retake doctor` looks at, in this order. Names are promised to scripts. */
export type CheckName =
  | 'node'
  | 'machine'
  | 'nats'
  | 'nats-version'
  | 'headers'
  | 'max-payload'
  | 'control-lane'
  | 'data-lane'
  | 'inbox'
  | 'jetstream'
  | 'storage'
  | 'log-stream'
  | 'object-store'
  | 'lease-bucket'
  | 'jetstream-api'
  | 'log-subjects'
  | 'object-subjects'
  | 'lease-subjects'
  | 'write'
  | 'state-directory'
  | 'job-manager'
  | 'name'
  | 'nodes'
  | 'protocol'
  | 'slots'
  | 'clocks'

/** What a check has measured, by names that are promised, too. */
export type Values = Readonly<Record<string, string | number | null>>

/** What one check has found; a check of nodes may find something about several. */
export interface Finding {
  readonly check: CheckName
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** The node that it is about. */
  readonly about?: string | undefined
  readonly code?: string | undefined
  readonly what: string
  readonly why?: string | undefined
  readonly fix?: string | undefined
  readonly where?: string | undefined
  readonly values?: Values
  /** It is no failure that this is not there, but what needs it cannot be looked at. */
  readonly isAbsent?: true
}

export function ok(check: CheckName, what: string, values: Values = {}): Finding {
  return { check, status: 'ok', what, values }
}

export interface Advice extends Pick<Finding, 'about' | 'what' | 'why' | 'fix' | 'values'> {
  readonly fix: string
}

export function warning(check: CheckName, advice: Advice): Finding {
  return { check, status: 'warning', ...advice }
}

/** Something is wrong; the error says what, why, and what to do. */
export function failed(check: CheckName, error: Error, about?: string): Finding {
  return { ...told(check, error), status: 'failed', about }
}

export function warned(check: CheckName, error: Error): Finding {
  return { ...told(check, error), status: 'warning' }
}

export function skipped(check: CheckName, because: string): Finding {
  return { check, status: 'skipped', what: because }
}

function told(check: CheckName, error: Error): Omit<Finding, 'status'> {
  const { code, what, why, fix, where, message } = errorInfoOf(error)
  return { check, code, what: what ?? message, why, fix, where }
}
