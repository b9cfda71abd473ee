import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** With a directory of its own, which is gone when the work is done. */
export async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await newDirectory()
  try {
    return await work(directory)
  } finally {
    await removeDirectory(directory)
  }
}

export function newDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'retake-bench-'))
}

export function removeDirectory(directory: string): Promise<void> {
  return rm(directory, { recursive: true, force: true })
}
