import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { run } from '../support/command.js'
import { PROJECT } from '../support/project.js'
import type { ChaosReport, Machine } from './chaos-report.js'

/** What ran: the version, and the commit where git knows it. */
export async function codeOf(): Promise<ChaosReport['code']> {
  const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string }
  const commit = await run('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: PROJECT })
  const changed = await run('git', ['status', '--porcelain', '--untracked-files=no'], { cwd: PROJECT })
  const isKnown = commit.code === 0
  return {
    version,
    commit: isKnown ? commit.stdout.trim() : 'unknown',
    isDirty: isKnown && changed.stdout.trim() !== '',
  }
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
