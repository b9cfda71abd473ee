/**
 * What stands in a job where a secret will be: its name alone travels, in the job's plan and in the log. The value is
 * looked up on the node that needs it (`secret-value.ts`).
 */
export interface SecretReference {
  /** The name. */
  readonly '~secret': string
}

export function isSecret(value: unknown): value is SecretReference {
  return (
    typeof value === 'object' && value !== null && typeof (value as SecretReference)['~secret'] === 'string'
  )
}
