import type { SecretReference } from '../connector/secret.js'
import { checkId } from '../graph/stream-graph-builder.js'
import { callSite } from './call-site.js'

/**
 * Stands where a secret will be. Each node takes its value from its environment, `RETAKE_SECRET_<NAME>`, or from the
 * file that `RETAKE_SECRET_<NAME>_FILE` names: it is in no plan, no log and no bundle. A node that has none fails the
 * job with RT1710.
 */
export function secret(name: string): SecretReference {
  checkId(name, callSite(secret), 'a secret')
  return { '~secret': name }
}
