import { partsOfDocumentName, partsOfFolder } from '../cluster/document-name.js'

/** Documents in memory: what `Documents` says, but done at once. Bytes are copied on their way in and out. */
export class MemoryDocuments {
  readonly #documents = new Map<string, Uint8Array>()

  put(name: string, bytes: Uint8Array): void {
    partsOfDocumentName(name)
    this.#documents.set(name, Uint8Array.from(bytes))
  }

  get(name: string): Uint8Array | undefined {
    partsOfDocumentName(name)
    return this.#documents.get(name)?.slice()
  }

  /** In the order in which they were put first. */
  list(folder: string): readonly string[] {
    const prefix = `${partsOfFolder(folder).join('/')}/`
    return [...this.#documents.keys()].filter((name) => name.startsWith(prefix))
  }

  delete(name: string): void {
    partsOfDocumentName(name)
    this.#documents.delete(name)
  }
}
