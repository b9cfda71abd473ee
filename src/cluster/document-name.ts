import { assert } from '../kit/assert.js'
import { isToken } from '../kit/ids.js'

export interface DocumentNameParts {
  /** One or two. */
  readonly folders: readonly string[]
  readonly last: string
}

const LAST = /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64})+$/

/** What is being written, or was when its writer crashed. */
export const UNFINISHED = '.tmp'

/**
 * Folders are tokens, and the last part has a dot: so no document stands where a folder may. Throws for what is no
 * name: it could leave the folders that it is in.
 */
export function partsOfDocumentName(name: string): DocumentNameParts {
  const folders = name.split('/')
  const last = folders.pop() ?? ''
  const isName =
    (folders.length === 1 || folders.length === 2) && folders.every(isToken) && isLastOfDocument(last)
  assert(isName, 'a document has a name that could leave its folder', { name })
  return { folders, last }
}

/** Whether a document may have this name in its folder. */
export function isLastOfDocument(last: string): boolean {
  return LAST.test(last) && !last.endsWith(UNFINISHED)
}

/** A folder that may hold documents, or folders of them. */
export function partsOfFolder(folder: string): readonly string[] {
  const folders = folder.split('/')
  assert(folders.length <= 2 && folders.every(isToken), 'a folder that can hold no documents', { folder })
  return folders
}
