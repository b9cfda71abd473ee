import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a folder, and those above it that are missing: their paths, outermost first. One after the other, because
 * mkdir's `recursive` tries for ever where the system says that a parent is not there though it is, as Linux does of
 * /proc. Rejects as mkdir does.
 */
export async function makeFolder(path: string): Promise<readonly string[]> {
  if (await isMade(path)) return [path]
  if (await isFolder(path)) return []
  const above = await makeFolder(dirname(path))
  try {
    await mkdir(path)
  } catch (error) {
    if (!(await isFolder(path))) throw error
  }
  return [...above, path]
}

/** False: it is there, or what it would be in is not. */
async function isMade(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || (code === 'EEXIST' && (await isFolder(path)))) return false
    throw error
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
