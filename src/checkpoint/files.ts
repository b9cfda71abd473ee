import { link, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RetakeError } from '../kit/errors.js'
import { makeFolder } from '../kit/make-folder.js'

/**
 * The few things that durable stores ask of a file system, small enough to be failed one call at a time in a test.
 * What resolves has happened; what must survive a crash of the machine says so.
 */
export interface Files {
  /** Undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>
  /** At most `bytes` bytes from `offset`; fewer at the end of the file; undefined when there is no such file. */
  readRange(path: string, offset: number, bytes: number): Promise<Uint8Array | undefined>
  /** Writes the whole file, piece after piece, and waits until its bytes (not its name) are durable. */
  write(path: string, pieces: Iterable<Uint8Array>): Promise<void>
  /** Gives a file a second name, unless that is taken. 'gone': there is no file of the first name (any more). */
  link(from: string, to: string): Promise<'linked' | 'exists' | 'gone'>
  rename(from: string, to: string): Promise<void>
  /** A file that is not there is as good as removed. */
  remove(path: string): Promise<void>
  /** Names in a directory; none when there is no such directory. */
  list(path: string): Promise<readonly string[]>
  /** With all directories above it; durable. */
  createDirectory(path: string): Promise<void>
  /** Removes a directory if nothing is in it. */
  removeEmptyDirectory(path: string): Promise<void>
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>
}

export const nodeFiles: Files = {
  read: (path) => unlessMissing(readFile(path)),

  async readRange(path, offset, bytes) {
    const file = await unlessMissing(open(path, 'r'))
    if (file === undefined) return undefined
    try {
      const buffer = new Uint8Array(bytes)
      let length = 0
      while (length < bytes) {
        const { bytesRead } = await file.read(buffer, length, bytes - length, offset + length)
        if (bytesRead === 0) break
        length += bytesRead
      }
      return buffer.subarray(0, length)
    } finally {
      await file.close()
    }
  },

  write: (path, pieces) =>
    writing(path, async () => {
      const file = await open(path, 'w')
      try {
        for (const piece of pieces) await file.writeFile(piece)
        await file.sync()
      } finally {
        await file.close()
      }
    }),

  link: (from, to) =>
    writing(to, async () => {
      try {
        await link(from, to)
        return 'linked'
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return 'exists'
        if (codeOf(error) === 'ENOENT') return 'gone'
        throw error
      }
    }),

  rename: (from, to) => writing(to, () => rename(from, to)),

  remove: (path) => rm(path, { force: true }),

  async list(path) {
    return (await unlessMissing(readdir(path))) ?? []
  },

  createDirectory: (path) =>
    writing(path, async () => {
      // Every new directory is a name in the one above it.
      for (const made of (await makeFolder(path)).toReversed()) await sync(dirname(made))
    }),

  async removeEmptyDirectory(path) {
    try {
      await rmdir(path)
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error
    }
  },

  syncDirectory: (path) => writing(path, () => sync(path)),
}

async function sync(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  }
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new RetakeError('RT1301', {
        what: `no space is left to write ${path}`,
        why: code === 'EDQUOT' ? 'the quota of this user is used up' : 'the file system is full',
        fix: 'make room, or retain fewer checkpoints; the last complete checkpoint is untouched',
        where: path,
        cause: error,
      })
    }
    if (code === undefined) throw error
    throw new RetakeError('RT1302', {
      what: `${path} cannot be written`,
      why: `the system says ${code}`,
      fix: 'check that the state directory exists, is a local or shared disk, and may be written by this user',
      where: path,
      cause: error,
    })
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
