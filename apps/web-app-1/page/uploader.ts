import type { UploadAccepted } from '@darkroom/client'
import Uppy, { type UppyFile } from '@uppy/core'
import Dashboard from '@uppy/dashboard'
import Webcam from '@uppy/webcam'
import XHRUpload from '@uppy/xhr-upload'
import type { Session } from '../src/session.ts'
import { addAnywhere } from './add-anywhere.ts'
import { firstFrame } from './first-frame.ts'
import { nextKey } from './next-key.ts'
import { readRefusal } from './read-refusal.ts'
import { element, say } from './say.ts'
import type { Sheet } from './sheet.ts'
import { anyOf, bytesInWords } from './words.ts'

/** `key` becomes the image's id and stays with the file: however often it is sent, it is one image. */
type Meta = { name: string; key: string }
type File = UppyFile<Meta, UploadAccepted>

/** With the long poll that leaves one of the six connections that a browser grants a site. */
const UPLOADS_AT_ONCE = 4

/** Uppy as its documentation has it: it picks and sends the files, and the sheet shows each of them. */
export function createUploader(session: Session, sheet: Sheet, onAccepted: (id: string) => void) {
  const { api, credential, maxBytes, types } = session
  const kinds = anyOf(types.map(({ name }) => name))
  element('limits').textContent = `${kinds}, up to ${bytesInWords(maxBytes)} each`
  const uppy = new Uppy<Meta, UploadAccepted>({
    autoProceed: true,
    onBeforeFileAdded: (file) => ({ ...file, meta: { ...file.meta, key: nextKey() } }),
    restrictions: { maxFileSize: maxBytes, allowedFileTypes: types.map(({ mediaType }) => mediaType) },
    locale: {
      pluralize: (count) => (count === 1 ? 0 : 1),
      strings: {
        exceedsSize: `This picture is larger than ${bytesInWords(maxBytes)}. Send it smaller.`,
        youCanOnlyUploadFileTypes: `This is no picture of a kind that can be developed: it has to be ${kinds}.`,
        noDuplicates: 'This picture is on its way already.',
      },
    },
  })
    .use(Dashboard<Meta, UploadAccepted>, {
      target: element('uploader'),
      inline: true,
      width: '100%',
      height: 270,
      theme: 'auto',
      showSelectedFiles: false,
      disableThumbnailGenerator: true,
      disableInformer: true,
      proudlyDisplayPoweredByUppy: false,
      locale: {
        strings: {
          dashboardTitle: 'Add pictures',
          dropPasteImportFiles: 'Drop or paste pictures here, or %{browseFiles}',
          dropHint: 'Drop your pictures here',
          browseFiles: 'choose some',
          myDevice: 'From this device',
          takePictureBtn: 'Take a picture',
        },
      },
    })
    .use(Webcam<Meta, UploadAccepted>, {
      target: Dashboard,
      modes: ['picture'],
      onBeforeSnapshot: firstFrame,
      locale: { strings: { submitRecordedFile: 'Use this picture', discardRecordedFile: 'Take another' } },
    })
    .use(XHRUpload<Meta, UploadAccepted>, {
      endpoint: `${api}/v1/images`,
      limit: UPLOADS_AT_ONCE,
      allowedMetaFields: false,
      headers: ({ meta }) => ({ Authorization: `Bearer ${credential}`, 'Idempotency-Key': meta.key }),
      shouldRetry: ({ status }) => status === 0 || status === 429 || status >= 500,
    })

  /** Shown at once, before anything is sent. */
  function show(file: Pick<File, 'name' | 'data' | 'size'>, id: string) {
    const { name = 'Picture', data, size } = file
    const preview = data instanceof Blob ? URL.createObjectURL(data) : undefined
    sheet.add({ id, name, bytes: size ?? undefined, preview, stage: 'uploading', began: performance.now() })
  }

  function fail({ id, meta, name }: File, request: XMLHttpRequest | undefined) {
    const { title, detail, retryable } = readRefusal(request)
    const retry = retryable ? () => void uppy.retryUpload(id) : undefined
    sheet.change(meta.key, { stage: 'failed', trouble: { title, detail, retry } })
    say(`${name}: ${detail}`)
    if (!retryable) uppy.removeFile(id)
  }

  uppy.on('file-added', (file) => show(file, file.meta.key))
  uppy.on('restriction-failed', (file, { message }) => {
    if (!file) return
    const id = nextKey()
    show(file as File, id)
    sheet.change(id, { stage: 'failed', trouble: { title: 'Not sent', detail: message } })
    say(`${file.name}: ${message}`)
  })
  uppy.on('upload-start', (files) => {
    for (const { meta } of files) sheet.change(meta.key, { stage: 'uploading', share: 0, trouble: undefined })
  })
  uppy.on('upload-progress', (file, { bytesUploaded, bytesTotal }) => {
    if (file) sheet.change(file.meta.key, { share: bytesUploaded / (bytesTotal || 1) })
  })
  uppy.on('upload-success', (file) => file && onAccepted(file.meta.key))
  uppy.on('upload-error', (file, _, request) => {
    if (file) fail(file, request as unknown as XMLHttpRequest | undefined)
  })
  // Cancelled in the dashboard, or done with.
  uppy.on('file-removed', ({ meta }) => {
    const picture = sheet.get(meta.key)
    if (picture?.stage === 'uploading' || picture?.trouble?.retry) sheet.remove(meta.key)
  })
  uppy.on('complete', ({ successful = [] }) => uppy.removeFiles(successful.map(({ id }) => id)))

  addAnywhere((files) => {
    try {
      uppy.addFiles(files.map((data) => ({ source: 'Page', name: data.name, type: data.type, data })))
    } catch {
      // What is refused has been shown: see restriction-failed.
    }
  })

  return {
    /** Forgets the file as well as its frame. */
    putAway(id: string) {
      const file = uppy.getFiles().find(({ meta }) => meta.key === id)
      if (file) uppy.removeFile(file.id)
      sheet.remove(id)
    },
  }
}
