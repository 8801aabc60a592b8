'use client'

import type { Client } from '@darkroom/client'
import { useEffect, useState, useSyncExternalStore } from 'react'
import { type AddOptions, createUploadQueue, type Upload, type UploadQueueOptions } from './upload-queue.ts'

export type { AddOptions, Upload, UploadProblem, UploadQueueOptions, UploadState } from './upload-queue.ts'

export interface Uploads {
  /** In the order in which they were added. */
  uploads: readonly Upload[]
  /** Appends files, for example of an `<input type=file>` or a drop. */
  add: (files: Iterable<Blob>, options?: AddOptions) => void
  /** Continues a failed upload. An image that could not be processed is uploaded again, as a new image. */
  retry: (key: string) => void
  /** Removes an upload from the list, and stops it. An image that is stored is not erased. */
  remove: (key: string) => void
}

/**
 * Uploads files and waits for their results, as long as the component is mounted. Uses the client and the options of the
 * first render.
 */
export function useUploads(client: Client, options?: UploadQueueOptions): Uploads {
  const [queue] = useState(() => createUploadQueue(client, options))
  useEffect(() => {
    queue.start()
    return queue.stop
  }, [queue])
  const uploads = useSyncExternalStore(queue.subscribe, queue.getUploads, queue.getUploads)
  return { uploads, add: queue.add, retry: queue.retry, remove: queue.remove }
}
