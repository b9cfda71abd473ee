import type { ChaosHosts } from './chaos-hosts.js'
import type { ChaosOptions, LeftOut } from './chaos-report.js'
import type { FaultKind } from './fault-kind.js'
import { nodeFaults } from './node-faults.js'
import { SERVER_FAULTS } from './server-faults.js'

/** All that can happen here, and what cannot. */
export function faultKinds(
  hosts: ChaosHosts,
  { heartbeatTimeoutMs, jobManagers, only }: ChaosOptions,
): { readonly kinds: readonly FaultKind[]; readonly leftOut: readonly LeftOut[] } {
  const whyNot = ({ needs, needsStandby }: FaultKind) => {
    if (needsStandby && jobManagers < 2) return 'there is one job manager'
    return needs && hosts.whyNot(needs)
  }
  const isChosen = ({ name }: FaultKind) => only.length === 0 || only.some((word) => name.includes(word))
  const all = [...nodeFaults(heartbeatTimeoutMs), ...SERVER_FAULTS].filter(isChosen)
  return {
    kinds: all.filter((kind) => whyNot(kind) === undefined),
    leftOut: all.flatMap((kind) => {
      const why = whyNot(kind)
      return why === undefined ? [] : [{ kind: kind.name, why }]
    }),
  }
}
