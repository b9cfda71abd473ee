import { stat } from 'node:fs/promises'
import { RetakeError } from '../../kit/errors.js'
import type { SplitPosition } from '../../state/snapshot.js'
import type { SplitEnumerator } from '../source.js'
import { sourceFault } from './file-fault.js'
import { filesOf } from './file-pattern.js'
import { fileSplit } from './file-position.js'

/**
 * Finds the files once, when a run begins, and how long they are: the run reads what was there then, and a restart
 * reads the same. What is appended later, and files that come later, belong to another run.
 */
export class FileEnumerator implements SplitEnumerator {
  readonly discoverEveryMs = undefined
  readonly #paths: readonly string[]

  constructor(paths: readonly string[]) {
    this.#paths = paths
  }

  /** Throws RT1470 for a path that names no file. */
  async resolve(): Promise<readonly SplitPosition[]> {
    const found = await Promise.all(this.#paths.map(filesThere))
    const files = [...new Set(found.flat())].sort()
    return Promise.all(
      files.map(async (path, owner) =>
        fileSplit(owner, { path, offset: 0, lines: 0, stop: await sizeOf(path) }),
      ),
    )
  }

  async discover(): Promise<readonly SplitPosition[]> {
    return []
  }

  async close(): Promise<void> {}
}

async function filesThere(path: string): Promise<string[]> {
  const files = await filesOf(path)
  if (files.length > 0) return files
  throw new RetakeError('RT1470', {
    what: `there is no file ${path}`,
    why: `it was looked for from ${process.cwd()}; a pattern, or a folder, must have a file at least`,
    fix: 'correct `path` of file.source; every node must see the files under the same path',
  })
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    throw sourceFault(path, error)
  }
}
