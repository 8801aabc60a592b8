import type { UploadAccepted } from '@darkroom/client'
import Uppy, { type UppyFile } from '@uppy/core'
import Dashboard from '@uppy/dashboard'
import Webcam from '@uppy/webcam'
import XHRUpload from '@uppy/xhr-upload'
import type { Session } from '../src/session.ts'
import { addAnywhere } from './add-anywhere.ts'
import { firstFrame } from './first-frame.ts'
import { type Meta, nextKey } from './next-key.ts'
import { readRefusal, UNREACHED } from './read-refusal.ts'
import { element, say } from './say.ts'
import { ApiRefusal, sendToS3 } from './send-to-s3.ts'
import type { Sheet } from './sheet.ts'
import { anyOf, bytesInWords } from './words.ts'

type File = UppyFile<Meta, UploadAccepted>
type Sender = Uppy<Meta, UploadAccepted>

/** With the long poll that leaves one of the six connections that a browser grants a site. */
const UPLOADS_AT_ONCE = 4

/**
 * Uppy as its documentation has it: it picks and sends the files, and the sheet shows each of them. One of it sends
 * files to the API; those that are too large for that are handed over to another, which sends them to S3.
 */
export function createUploader(session: Session, sheet: Sheet, onAccepted: (id: string) => void) {
  const { api, credential, maxApiBytes, maxBytes, types } = session
  const kinds = anyOf(types.map(({ name }) => name))
  element('limits').textContent = `${kinds}, up to ${bytesInWords(maxBytes)} each`
  const options = {
    autoProceed: true,
    restrictions: { maxFileSize: maxBytes, allowedFileTypes: types.map(({ mediaType }) => mediaType) },
    locale: {
      pluralize: (count: number) => (count === 1 ? (0 as const) : (1 as const)),
      strings: {
        exceedsSize: `This picture is larger than ${bytesInWords(maxBytes)}. Send it smaller.`,
        youCanOnlyUploadFileTypes: `This is no picture of a kind that can be developed: it has to be ${kinds}.`,
        noDuplicates: 'This picture is on its way already.',
      },
    },
  }
  const keyed = (file: File): File => ({ ...file, meta: { ...file.meta, key: nextKey() } })
  const isLarge = ({ size }: Pick<File, 'size'>) => (size ?? 0) > maxApiBytes

  const toS3: Sender = new Uppy<Meta, UploadAccepted>({ ...options, id: 'large', onBeforeFileAdded: keyed })
  const complete = sendToS3(toS3, session)

  const toApi: Sender = new Uppy<Meta, UploadAccepted>({
    ...options,
    onBeforeFileAdded: (file) => {
      if (!isLarge(file)) return keyed(file)
      addTo(toS3, [file])
      return false
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

  function fail(
    { id, meta, name }: File,
    { title, detail, retryable }: ReturnType<typeof readRefusal>,
    uppy: Sender,
    again = () => void uppy.retryUpload(id),
  ) {
    sheet.change(meta.key, {
      stage: 'failed',
      trouble: { title, detail, retry: retryable ? again : undefined },
    })
    say(`${name}: ${detail}`)
    if (!retryable) uppy.removeFile(id)
  }

  /** What is told of a file is the same, wherever it goes. */
  function showProgressOf(uppy: Sender) {
    uppy.on('file-added', (file) => show(file, file.meta.key))
    uppy.on('restriction-failed', (file, { message }) => {
      if (!file || (uppy === toApi && isLarge(file))) return
      const id = nextKey()
      show(file as File, id)
      sheet.change(id, { stage: 'failed', trouble: { title: 'Not sent', detail: message } })
      say(`${file.name}: ${message}`)
    })
    uppy.on('upload-start', (files) => {
      for (const { meta } of files)
        sheet.change(meta.key, { stage: 'uploading', share: 0, trouble: undefined })
    })
    uppy.on('upload-progress', (file, { bytesUploaded, bytesTotal }) => {
      if (file) sheet.change(file.meta.key, { share: bytesUploaded / (bytesTotal || 1) })
    })
    // Cancelled in the dashboard, or done with.
    uppy.on('file-removed', ({ meta }) => {
      const picture = sheet.get(meta.key)
      if (picture?.stage === 'uploading' || picture?.trouble?.retry) sheet.remove(meta.key)
    })
  }

  showProgressOf(toApi)
  toApi.on('upload-success', (file) => file && onAccepted(file.meta.key))
  toApi.on('upload-error', (file, _, request) => {
    const { responseText } = (request ?? {}) as unknown as Partial<XMLHttpRequest>
    if (file) fail(file, readRefusal(responseText), toApi)
  })
  toApi.on('complete', ({ successful = [] }) => toApi.removeFiles(successful.map(({ id }) => id)))

  showProgressOf(toS3)
  toS3.on('upload-success', (file) => void (file && finish(file)))
  toS3.on('upload-error', (file, error) => {
    if (file) fail(file, error instanceof ApiRefusal ? error.trouble : UNREACHED, toS3)
  })
  toS3.on('restored', () => {
    for (const file of toS3.getFiles()) {
      if (file.isGhost) toS3.removeFile(file.id)
      else show(file, file.meta.key)
    }
    toS3.emit('restore-confirmed')
  })

  /** The file is kept until the API has it: what is lost here the sweep finds, and until then there is the button. */
  async function finish(file: File): Promise<void> {
    const { key } = file.meta
    sheet.change(key, { stage: 'uploading', share: 1, trouble: undefined })
    try {
      await complete(key)
      onAccepted(key)
      toS3.removeFile(file.id)
    } catch (error) {
      fail(file, error instanceof ApiRefusal ? error.trouble : UNREACHED, toS3, () => void finish(file))
    }
  }

  addAnywhere((files) =>
    addTo(
      toApi,
      files.map((data) => ({ name: data.name, type: data.type, data })),
    ),
  )

  return {
    /** Forgets the file as well as its frame. */
    putAway(id: string) {
      for (const uppy of [toApi, toS3]) {
        const file = uppy.getFiles().find(({ meta }) => meta.key === id)
        if (file) uppy.removeFile(file.id)
      }
      sheet.remove(id)
    },
  }
}

function addTo(uppy: Sender, files: Pick<File, 'name' | 'type' | 'data'>[]): void {
  try {
    uppy.addFiles(
      files.map(({ name, type, data }) => ({
        source: 'Page',
        name: name ?? 'Picture',
        type,
        data: data as Blob,
      })),
    )
  } catch {
    // What is refused has been shown: see restriction-failed.
  }
}
