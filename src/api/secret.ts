import type { SecretReference } from '../connector/secret.js'
import { checkId } from '../graph/stream-graph-builder.js'
import { callSite } from './call-site.js'

/**
 * Stands where a secret will be. Each node takes its value from its environment, `RETAKE_SECRET_<NAME>`: it is in no
 * plan, no log and no bundle.
 */
export function secret(name: string): SecretReference {
  checkId(name, callSite(secret), 'a secret')
  return { '~secret': name }
}
