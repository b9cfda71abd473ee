import { open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { makeFolder } from '../../kit/make-folder.js'
import { codeOf } from './file-fault.js'

/** The few things that the file sink asks of a file system, small enough to be failed one call at a time in a test. */
export interface PartFiles {
  /** With all folders above it; 'taken': a file has its name. */
  createFolder(path: string): Promise<'there' | 'taken'>
  /** Names in a folder; 'no folder' when it is something else, or missing. */
  list(path: string): Promise<readonly string[] | 'no folder'>
  /** Undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>
  /** Writes a whole file, and waits until its bytes are durable. */
  write(path: string, bytes: Uint8Array): Promise<void>
  /** Makes an empty file, unless something has this name. */
  mark(path: string): Promise<'marked' | 'exists'>
  /** 'missing': `from`, or the folder that it is in, is not there. */
  rename(from: string, to: string): Promise<'renamed' | 'missing'>
  /** With all that is in it; what is not there is as good as removed. */
  remove(path: string): Promise<void>
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>
}

export const nodePartFiles: PartFiles = {
  async createFolder(path) {
    try {
      await makeFolder(path)
      return 'there'
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return 'taken'
      throw error
    }
  },

  async list(path) {
    return (await unlessMissing(readdir(path))) ?? 'no folder'
  },

  read: (path) => unlessMissing(readFile(path)),

  async write(path, bytes) {
    const file = await open(path, 'w')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  },

  async mark(path) {
    try {
      await (await open(path, 'wx')).close()
      return 'marked'
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return 'exists'
      throw error
    }
  },

  async rename(from, to) {
    const done = await unlessMissing(rename(from, to).then(() => 'renamed' as const))
    return done ?? 'missing'
  },

  remove: (path) => rm(path, { force: true, recursive: true }),

  async syncFolder(path) {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}
