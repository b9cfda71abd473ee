import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder {
  readonly path: string
  /** Deletes it with all that is in it; does nothing the second time. */
  release(): void
}

/** Those of this process: one listener for all of them sees to its end. */
const standing = new Set<string>()

/** A new folder that goes when it is released, or with the process, unless that is killed. */
export function temporaryFolder(prefix: string): TemporaryFolder {
  if (standing.size === 0) process.on('exit', removeAll)
  const path = mkdtempSync(join(tmpdir(), prefix))
  standing.add(path)
  return { path, release: () => remove(path) }
}

function removeAll(): void {
  for (const path of standing) remove(path)
}

function remove(path: string): void {
  if (!standing.delete(path)) return
  rmSync(path, { recursive: true, force: true })
  if (standing.size === 0) process.off('exit', removeAll)
}
