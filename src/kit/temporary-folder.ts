import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder {
  readonly path: string
  /** Deletes it with all that is in it; does nothing the second time. */
  release(): void
}

/** Those of this process: one listener for all of them sees to its end. */
const standing = new Set<string>()

/**
 * A new folder under the temporary directory that goes when it is released, or with the process. One that was killed
 * leaves its own behind: those of the same prefix, of processes of this host that are gone, go now.
 */
export function temporaryFolder(prefix: string): TemporaryFolder {
  const ofThisHost = `${prefix}${hostname()}-`
  removeOrphans(ofThisHost)
  const path = mkdtempSync(join(tmpdir(), `${ofThisHost}${process.pid}-`))
  if (standing.size === 0) process.on('exit', removeAll)
  standing.add(path)
  return { path, release: () => remove(path) }
}

function removeOrphans(ofThisHost: string): void {
  for (const name of readdirSync(tmpdir())) {
    const [, owner] = name.startsWith(ofThisHost)
      ? (/^(\d+)-[^-]+$/.exec(name.slice(ofThisHost.length)) ?? [])
      : []
    if (owner === undefined || isAlive(Number(owner))) continue
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
    } catch {
      // Another's, or another process is at it, too: nobody here needs it gone.
    }
  }
}

/** Also of a process that is none of ours to signal. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function removeAll(): void {
  for (const path of standing) remove(path)
}

function remove(path: string): void {
  if (!standing.delete(path)) return
  rmSync(path, { recursive: true, force: true })
  if (standing.size === 0) process.off('exit', removeAll)
}
