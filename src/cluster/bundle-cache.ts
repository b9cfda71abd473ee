import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import { makeFolder } from '../kit/make-folder.js'
import type { Documents } from './state-store.js'

/** Under this name a bundle stands: its last line names its source map. */
export const BUNDLE_FILE = 'bundle.mjs'

/** Names of the documents that hold a bundle: its code, and its source map. */
export function bundleDocuments(hash: string): { readonly code: string; readonly map: string } {
  assert(/^[0-9a-f]{64}$/.test(hash), 'a bundle is known by the sha256 of its code', { hash })
  return { code: `bundles/${hash}.mjs`, map: `bundles/${hash}.mjs.map` }
}

export interface BundleCacheOptions {
  /** Its threads share it. */
  readonly directory: string
  readonly documents: Documents
}

/**
 * The bundles that a node has used, as files that can be imported: `<directory>/<hash>/bundle.mjs`, and the source
 * map beside it. Several threads may fetch one at once: each writes a folder of its own, and its files take their
 * place whole.
 */
export class BundleCache {
  readonly #directory: string
  readonly #documents: Documents

  constructor({ directory, documents }: BundleCacheOptions) {
    this.#directory = directory
    this.#documents = documents
  }

  /** The path of the module, checked anew at each call: disks rot, and files are edited. Throws RT1109. */
  async path(hash: string): Promise<string> {
    const path = join(this.#directory, hash, BUNDLE_FILE)
    const code = await readFile(path).catch(() => undefined)
    if (code === undefined || !isBundle(code, hash)) await this.#fetch(hash)
    return path
  }

  async #fetch(hash: string): Promise<void> {
    const names = bundleDocuments(hash)
    const [code, map] = await Promise.all([this.#documents.get(names.code), this.#documents.get(names.map)])
    if (code === undefined) {
      throw new RetakeError('RT1109', {
        what: `the bundle ${hash.slice(0, 12)} of a job is missing`,
        why: `the state store has no ${names.code}`,
        fix: 'restore it from a copy, or submit the job again from its checkpoint (--from-checkpoint)',
        where: names.code,
      })
    }
    check(code, hash, names.code)
    await makeFolder(join(this.#directory, hash))
    const unfinished = await mkdtemp(join(this.#directory, `${hash}-`))
    try {
      // The map first: a module that stands is not looked at twice.
      const files: [string, Uint8Array | undefined][] = [
        [`${BUNDLE_FILE}.map`, map],
        [BUNDLE_FILE, code],
      ]
      for (const [name, bytes] of files) {
        if (bytes === undefined) continue
        await writeFile(join(unfinished, name), bytes)
        await rename(join(unfinished, name), join(this.#directory, hash, name))
      }
    } finally {
      await rm(unfinished, { recursive: true, force: true })
    }
  }
}

/** Throws RT1109 unless the file at `path` is the bundle whose sha256 is `hash`. */
export async function checkBundle(path: string, hash: string): Promise<void> {
  check(await readFile(path), hash, path)
}

export function isBundle(code: Uint8Array, hash: string): boolean {
  return sha256Of(code) === hash
}

function check(code: Uint8Array, hash: string, where: string): void {
  const actual = sha256Of(code)
  if (actual === hash) return
  throw new RetakeError('RT1109', {
    what: `${where} is not the bundle that was submitted`,
    why: `its sha256 is ${actual}, and was ${hash}`,
    fix: 'restore that file from a copy, or submit the job again from its checkpoint (--from-checkpoint)',
    where,
  })
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
