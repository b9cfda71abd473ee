import { readFile } from 'node:fs/promises'

/** What `collect.sink(path)` has collected so far: records as JSON gives them back. None when nothing came yet. */
export async function readCollected<T = unknown>(path: string): Promise<T[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  // Behind the last end of line stands a line that is still being written, or nothing.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T)
}
