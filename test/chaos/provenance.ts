import { cpus, release, totalmem, type } from 'node:os'
import { checkout } from '../support/checkout.js'
import type { ChaosReport, Machine } from './chaos-report.js'

/** What ran: the version, and the commit where git knows it. */
export async function codeOf(): Promise<ChaosReport['code']> {
  const { version, commit = 'unknown', isDirty = false } = await checkout()
  return { version, commit, isDirty }
}

/** On what. */
export function machineOf(network: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${type()} ${release().split('.').slice(0, 2).join('.')}`,
    node: process.version,
    network,
  }
}
