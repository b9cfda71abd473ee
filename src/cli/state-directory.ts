import { rmSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { UsageError } from './usage-error.js'

export interface StateDirectory {
  readonly path: string
  /** It outlives this process. */
  readonly isKept: boolean
  /** Deletes it, unless it is kept. */
  release(): void
}

/** The folder that was asked for, made if need be; else a temporary one that goes with the process, however it ends. */
export async function stateDirectory(wanted: string | undefined): Promise<StateDirectory> {
  if (wanted !== undefined) return keptDirectory(resolve(wanted))
  const path = await mkdtemp(join(tmpdir(), 'retake-dev-'))
  const release = () => {
    process.off('exit', release)
    rmSync(path, { recursive: true, force: true })
  }
  process.on('exit', release)
  return { path, isKept: false, release }
}

async function keptDirectory(path: string): Promise<StateDirectory> {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    throw new UsageError(
      `${path} cannot be a state directory: ${error instanceof Error ? error.message : String(error)}`,
      'give --state a folder that can be made or written',
    )
  }
  return { path, isKept: true, release: () => {} }
}
