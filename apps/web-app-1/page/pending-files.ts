import { createStore, del, entries, get, set } from 'idb-keyval'

/** A file that the API has not accepted yet. */
export interface PendingFile {
  name: string
  blob: Blob
}

const store = createStore('loupe', 'pending-files')

/** Keys of the files that a reload would lose: the browser has no space for them, or stores nothing in this mode. */
const unsaved = new Set<string>()

/** Keeps a file over a reload until it is accepted. */
export async function saveFile(key: string, file: PendingFile): Promise<void> {
  unsaved.add(key)
  try {
    await set(key, file, store)
    unsaved.delete(key)
  } catch {
    // The upload works without it; the browser asks before a reload.
  }
}

export async function forgetFile(key: string): Promise<void> {
  unsaved.delete(key)
  await del(key, store).catch(() => {})
}

/** The files that an earlier page has kept, oldest first. */
export async function savedFiles(): Promise<[key: string, file: PendingFile][]> {
  const saved = await entries<string, PendingFile>(store).catch(() => [])
  return saved.sort(([a], [b]) => (a < b ? -1 : 1))
}

export async function isSaved(key: string): Promise<boolean> {
  return (await get(key, store).catch(() => undefined)) !== undefined
}

/** The browser asks the user before a reload that would lose files. */
export function warnBeforeLoss(): void {
  addEventListener('beforeunload', (event) => {
    if (unsaved.size > 0) event.preventDefault()
  })
}
