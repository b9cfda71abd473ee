import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './command.js'
import { PROJECT } from './project.js'

/** Which code this is. */
export interface Checkout {
  readonly version: string
  /** Undefined where git does not know it. */
  readonly commit?: string
  /** It has changes that are not committed. */
  readonly isDirty?: boolean
}

export async function checkout(): Promise<Checkout> {
  const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string }
  const commit = await run('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: PROJECT })
  if (commit.code !== 0) return { version }
  const changed = await run('git', ['status', '--porcelain', '--untracked-files=no'], { cwd: PROJECT })
  return { version, commit: commit.stdout.trim(), isDirty: changed.stdout.trim() !== '' }
}
