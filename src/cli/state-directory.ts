import { resolve } from 'node:path'
import { makeFolder } from '../kit/make-folder.js'
import { temporaryFolder } from '../kit/temporary-folder.js'
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
  return { ...temporaryFolder('retake-dev-'), isKept: false }
}

async function keptDirectory(path: string): Promise<StateDirectory> {
  try {
    await makeFolder(path)
  } catch (error) {
    throw new UsageError(
      `${path} cannot be a state directory: ${error instanceof Error ? error.message : String(error)}`,
      'give --state a folder that can be made or written',
    )
  }
  return { path, isKept: true, release: () => {} }
}
