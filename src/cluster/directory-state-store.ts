import { join, resolve } from 'node:path'
import type { BlobStore } from '../checkpoint/blob-store.js'
import { DirectoryBlobStore } from '../checkpoint/directory-blob-store.js'
import { type Files, nodeFiles } from '../checkpoint/files.js'
import { assert } from '../kit/assert.js'
import { isToken, type RunId } from '../kit/ids.js'
import { DirectoryDocuments } from './directory-documents.js'
import { DirectoryJobLog } from './directory-job-log.js'
import { DirectoryLease } from './directory-lease.js'
import type { LeaseStore } from './lease.js'
import type { Documents, StateStore } from './state-store.js'

export interface DirectoryStateStoreOptions {
  readonly directory: string
  readonly files?: Files
}

/**
 * All that a cluster keeps, in a directory that its nodes see:
 *
 *     runs/<run>/log/            the log of a run
 *     runs/<run>/run.json, …     documents
 *     blobs/<run>/…              manifests and parts
 *     lease/                     who leads
 */
export class DirectoryStateStore implements StateStore {
  readonly directory: string
  readonly blobs: BlobStore
  readonly documents: Documents
  readonly lease: LeaseStore
  readonly #files: Files

  constructor({ directory, files = nodeFiles }: DirectoryStateStoreOptions) {
    this.directory = resolve(directory)
    this.#files = files
    this.blobs = new DirectoryBlobStore(join(this.directory, 'blobs'), files)
    this.documents = new DirectoryDocuments(this.directory, files)
    this.lease = new DirectoryLease(join(this.directory, 'lease'), files)
  }

  log(run: RunId): DirectoryJobLog {
    assert(isToken(run), 'a run is a token', { run })
    return new DirectoryJobLog(join(this.directory, 'runs', run, 'log'), this.#files)
  }

  async runs(): Promise<readonly RunId[]> {
    const runs = (await this.#files.list(join(this.directory, 'runs'))).filter(isToken) as RunId[]
    const empty = await Promise.all(runs.map((run) => this.log(run).isEmpty()))
    return runs.filter((_, index) => empty[index] === false)
  }

  async close(): Promise<void> {}
}
