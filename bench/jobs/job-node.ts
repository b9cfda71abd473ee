/** A node of a cluster in a process of its own, which tells what the threads of its slots tell. */
import type { NodeRole } from '#actors/cluster-view.js'
import { Node } from '#actors/node.js'
import { systemClock } from '#src/kit/clock.js'
import { systemRandom } from '#src/kit/random.js'
import { DiscardedRows } from './discarded-rows.js'
import { readyForWord, report } from './part-report.js'

export interface JobNode {
  readonly name: string
  readonly roles: readonly NodeRole[]
  readonly slots: number
  readonly cluster: string
  readonly servers: string
  readonly stateDirectory: string
}

const { name, roles, slots, cluster, servers, stateDirectory } = JSON.parse(process.argv[2]!) as JobNode
const discarded = new DiscardedRows()
const node = await Node.start({
  name,
  roles,
  slots,
  cluster: { name: cluster, nats: { servers: [servers] } },
  stateDirectory,
  clock: systemClock,
  random: systemRandom,
  logger: discarded,
})
await readyForWord()
await node.stop()
report({ type: 'done', rows: discarded.rows })
