import { JobClient } from '../../actors/job-client.js'
import { LEADING_JOB_MANAGER } from '../../actors/role-addresses.js'
import { ActorSystem } from '../actor/system.js'
import type { SystemId } from '../kit/ids.js'
import type { Logger } from '../kit/logger.js'
import type { Random } from '../kit/random.js'
import type { SimulatedProcess } from './simulated-process.js'

/** The actor system of whoever submits jobs. */
export const CLIENT = 'client' as SystemId

/** Submits jobs, and lives as long as its process. */
export function simulatedClient(process: SimulatedProcess, random: Random, logger: Logger): JobClient {
  const { main, name } = process
  const system = new ActorSystem({
    id: CLIENT,
    clock: main.clock,
    random,
    logger: logger.with({ node: name }),
    ...process.transportsOf(main),
  })
  return new JobClient(system, LEADING_JOB_MANAGER)
}
