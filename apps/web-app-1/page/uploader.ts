import type { UploadAccepted } from '@darkroom/core'
import Uppy, { type UppyFile } from '@uppy/core'
import Dashboard from '@uppy/dashboard'
import Webcam from '@uppy/webcam'
import XHRUpload from '@uppy/xhr-upload'
import type { Session } from '../src/session.ts'
import { announce, element } from './announce.ts'
import { addFromWholePage, waitForCamera } from './file-sources.ts'
import { anyOf, formatBytes } from './format.ts'
import { sendToS3, type UploadMeta } from './send-to-s3.ts'
import { nextKey, type Sheet } from './sheet.ts'
import { ApiError, readProblem, UNREACHABLE } from './upload-error.ts'

type File = UppyFile<UploadMeta, UploadAccepted>
type Sender = Uppy<UploadMeta, UploadAccepted>

/** A browser opens up to six connections per host: four uploads and two long polls. */
const MAX_CONCURRENT_UPLOADS = 4

/**
 * Creates the uploader. Uppy selects and sends the files; the sheet shows each of them. There are two Uppy instances: one
 * sends files to the API, the other sends files that are too large for the API to S3.
 */
export function createUploader(session: Session, sheet: Sheet, onAccepted: (id: string) => void) {
  const { api, credential, maxApiBytes, maxBytes, types } = session
  const typeNames = anyOf(types.map(({ name }) => name))
  element('limits').textContent = `${typeNames}, up to ${formatBytes(maxBytes)} each`
  const options = {
    autoProceed: true,
    restrictions: { maxFileSize: maxBytes, allowedFileTypes: types.map(({ mediaType }) => mediaType) },
    locale: {
      pluralize: (count: number) => (count === 1 ? (0 as const) : (1 as const)),
      strings: {
        exceedsSize: `This picture is larger than ${formatBytes(maxBytes)}. Choose a smaller one.`,
        youCanOnlyUploadFileTypes: `This file type isn’t supported. Use ${typeNames}.`,
        noDuplicates: 'This picture is already being uploaded.',
      },
    },
  }
  const withKey = (file: File): File => ({ ...file, meta: { ...file.meta, key: nextKey() } })
  const isLarge = ({ size }: Pick<File, 'size'>) => (size ?? 0) > maxApiBytes

  const toS3: Sender = new Uppy<UploadMeta, UploadAccepted>({
    ...options,
    id: 'large',
    onBeforeFileAdded: withKey,
  })
  const complete = sendToS3(toS3, session)

  const toApi: Sender = new Uppy<UploadMeta, UploadAccepted>({
    ...options,
    onBeforeFileAdded: (file) => {
      if (!isLarge(file)) return withKey(file)
      addTo(toS3, [file])
      return false
    },
  })
    .use(Dashboard<UploadMeta, UploadAccepted>, {
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
          browseFiles: 'browse',
          myDevice: 'From this device',
          takePictureBtn: 'Take a picture',
        },
      },
    })
    .use(Webcam<UploadMeta, UploadAccepted>, {
      target: Dashboard,
      modes: ['picture'],
      onBeforeSnapshot: waitForCamera,
      locale: {
        strings: { submitRecordedFile: 'Use this picture', discardRecordedFile: 'Take another picture' },
      },
    })
    .use(XHRUpload<UploadMeta, UploadAccepted>, {
      endpoint: `${api}/v1/images`,
      limit: MAX_CONCURRENT_UPLOADS,
      allowedMetaFields: false,
      headers: ({ meta }) => ({ Authorization: `Bearer ${credential}`, 'Idempotency-Key': meta.key }),
      shouldRetry: ({ status }) => status === 0 || status === 429 || status >= 500,
    })

  /** Shows a file before it is sent. */
  function show(file: Pick<File, 'name' | 'data' | 'size'>, id: string) {
    const { name = 'Picture', data, size } = file
    const preview = data instanceof Blob ? URL.createObjectURL(data) : undefined
    sheet.add({ id, name, bytes: size ?? undefined, preview, stage: 'uploading', addedAt: performance.now() })
  }

  function fail(
    { id, meta, name }: File,
    { title, detail, retryable }: ReturnType<typeof readProblem>,
    uppy: Sender,
    retry = () => void uppy.retryUpload(id),
  ) {
    sheet.change(meta.key, {
      stage: 'failed',
      problem: { title, detail, retry: retryable ? retry : undefined },
    })
    announce(`${name}: ${detail}`)
    if (!retryable) uppy.removeFile(id)
  }

  /** Shows the same progress for both instances. */
  function showProgressOf(uppy: Sender) {
    uppy.on('file-added', (file) => show(file, file.meta.key))
    uppy.on('restriction-failed', (file, { message }) => {
      if (!file || (uppy === toApi && isLarge(file))) return
      const id = nextKey()
      show(file as File, id)
      sheet.change(id, { stage: 'failed', problem: { title: 'Not sent', detail: message } })
      announce(`${file.name}: ${message}`)
    })
    uppy.on('upload-start', (files) => {
      for (const { meta } of files)
        sheet.change(meta.key, { stage: 'uploading', progress: 0, problem: undefined })
    })
    uppy.on('upload-progress', (file, { bytesUploaded, bytesTotal }) => {
      if (file) sheet.change(file.meta.key, { progress: bytesUploaded / (bytesTotal || 1) })
    })
    // Removed by the user in the dashboard, or by us when the upload is done.
    uppy.on('file-removed', ({ meta }) => {
      const picture = sheet.get(meta.key)
      if (picture?.stage === 'uploading' || picture?.problem?.retry) sheet.remove(meta.key)
    })
  }

  showProgressOf(toApi)
  toApi.on('upload-success', (file) => file && onAccepted(file.meta.key))
  toApi.on('upload-error', (file, _, request) => {
    const { responseText } = (request ?? {}) as unknown as Partial<XMLHttpRequest>
    if (file) fail(file, readProblem(responseText), toApi)
  })
  toApi.on('complete', ({ successful = [] }) => toApi.removeFiles(successful.map(({ id }) => id)))

  showProgressOf(toS3)
  toS3.on('upload-success', (file) => void (file && finish(file)))
  toS3.on('upload-error', (file, error) => {
    if (file) fail(file, error instanceof ApiError ? error.problem : UNREACHABLE, toS3)
  })
  toS3.on('restored', () => {
    for (const file of toS3.getFiles()) {
      if (file.isGhost) toS3.removeFile(file.id)
      else show(file, file.meta.key)
    }
    toS3.emit('restore-confirmed')
  })

  /**
   * Keeps the file until the API has confirmed the upload, so that the user can retry. If nobody does, the API finds the
   * upload by itself within minutes.
   */
  async function finish(file: File): Promise<void> {
    const { key } = file.meta
    sheet.change(key, { stage: 'uploading', progress: 1, problem: undefined })
    try {
      await complete(key)
      onAccepted(key)
      toS3.removeFile(file.id)
    } catch (error) {
      fail(file, error instanceof ApiError ? error.problem : UNREACHABLE, toS3, () => void finish(file))
    }
  }

  addFromWholePage((files) =>
    addTo(
      toApi,
      files.map((data) => ({ name: data.name, type: data.type, data })),
    ),
  )

  return {
    /** Removes the picture and its file. */
    remove(id: string) {
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
    // The restriction-failed event has already shown why.
  }
}
