import { JetStreamObjects, type JetStreamObjectsOptions } from '../checkpoint/jetstream-objects.js'
import { partsOfDocumentName, partsOfFolder } from './document-name.js'
import type { Documents } from './state-store.js'

/** Documents as objects `documents/<folder>/<name>`, in the bucket that holds the blobs. */
export class JetStreamDocuments implements Documents {
  readonly #objects: JetStreamObjects

  constructor(options: Omit<JetStreamObjectsOptions, 'folder'>) {
    this.#objects = new JetStreamObjects({ ...options, folder: 'documents' })
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    partsOfDocumentName(name)
    await this.#objects.put(name, bytes)
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    partsOfDocumentName(name)
    return this.#objects.get(name)
  }

  async list(folder: string): Promise<readonly string[]> {
    return this.#objects.list(partsOfFolder(folder))
  }

  async delete(name: string): Promise<void> {
    partsOfDocumentName(name)
    await this.#objects.delete(name)
  }
}
