import { partsOfDocumentName, partsOfFolder } from '../cluster/document-name.js'
import { copiedContents } from './copied-contents.js'

/** Documents in memory: what `Documents` says, but done at once. Bytes are copied on their way in and out. */
export class MemoryDocuments {
  readonly #documents: Map<string, Uint8Array>

  /** @param contents what others held */
  constructor(contents: Iterable<readonly [string, Uint8Array]> = []) {
    this.#documents = copiedContents(contents)
  }

  /** A copy of all, in the order in which they were put first. */
  contents(): (readonly [string, Uint8Array])[] {
    return [...copiedContents(this.#documents)]
  }

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
