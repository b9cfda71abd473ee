import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { checkout } from '../../test/support/checkout.js'
import type { Code, Machine } from './report.js'

/** What is measured on, as it is now: call it before the first round. */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release().split('.').slice(0, 2).join('.')}`,
    loadBefore: Math.round(loadavg()[0]! * 100) / 100,
  }
}

/** What is measured. */
export async function code(): Promise<Code> {
  const { node, v8 } = process.versions
  return { ...(await checkout()), node, v8 }
}

/** Of each core, before anything was measured. */
const BUSY = 0.3

export function isBusy({ loadBefore, cores }: Machine): boolean {
  return loadBefore > BUSY * cores
}
