// @ts-check

import { followImage } from './follow-image.js'
import { formatBytes } from './format.js'
import { createFrame } from './frame.js'
import { newImageKey } from './image-key.js'
import { limit } from './limit.js'
import { getJson, sendImage } from './server.js'

/** @import { Frame } from './frame.js' */

/** A browser opens up to six connections per host: two uploads and four long polls. */
const uploads = limit(2)

/** If the limits cannot be loaded, the server checks the size. */
const limits = getJson('/api/limits').then((result) =>
  'problem' in result ? { maxImageBytes: Infinity } : result,
)

const drop = find('drop')
const note = /** @type {HTMLInputElement} */ (find('note'))
const files = /** @type {HTMLInputElement} */ (find('files'))

files.addEventListener('change', () => {
  takeFiles(files.files)
  files.value = ''
})
find('sender').addEventListener('submit', (event) => event.preventDefault())
document.addEventListener('paste', ({ clipboardData }) => takeFiles(clipboardData?.files))
document.addEventListener('dragover', (event) => {
  event.preventDefault()
  drop.classList.add('over')
})
document.addEventListener('dragleave', ({ relatedTarget }) => {
  if (!relatedTarget) drop.classList.remove('over')
})
document.addEventListener('drop', (event) => {
  event.preventDefault()
  drop.classList.remove('over')
  takeFiles(event.dataTransfer?.files)
})
addEventListener('beforeunload', (event) => {
  if (uploads.isBusy()) event.preventDefault()
})
showRecent()
showLimits()

/** @param {FileList | null | undefined} list */
function takeFiles(list) {
  for (const file of list ?? []) {
    const frame = createFrame({
      name: file.name || 'Pasted picture',
      bytes: file.size,
      note: note.value.trim(),
      file,
    })
    show(frame)
    submit(frame, file, note.value.trim(), newImageKey())
  }
}

/**
 * Sends a file and follows it until it is final. A retry uses the same key, so that it is the same image even if the
 * first attempt did reach Kafka.
 *
 * @param {Frame} frame @param {File} file @param {string} text @param {string} key
 */
async function submit(frame, file, text, key) {
  const retry = () => submit(frame, file, text, key)
  const { maxImageBytes } = await limits
  if (file.size > maxImageBytes) {
    return frame.showNotSent(
      `This picture has ${formatBytes(file.size)}. The limit is ${formatBytes(maxImageBytes)}. Choose a smaller one.`,
    )
  }
  frame.showWaiting()
  const result = await uploads.run(() => {
    frame.showProgress(0)
    return sendImage({ file, note: text, key, onProgress: frame.showProgress })
  })
  if ('problem' in result) {
    const { detail, retryable } = result.problem
    return frame.showNotSent(detail, retryable ? retry : undefined)
  }
  frame.showAccepted()
  followImage(result.id, frame)
}

/** Shows the pictures that were sent before this page was loaded. */
async function showRecent() {
  const result = await getJson('/api/images')
  find('problem').hidden = !('problem' in result)
  if ('problem' in result) {
    find('problem').textContent = result.problem.detail
    return
  }
  for (const image of result.items.toReversed()) {
    const frame = createFrame({ name: image.filename ?? 'Unnamed', bytes: image.original?.bytes })
    show(frame)
    if (frame.update(image)) continue
    followImage(image.id, frame)
  }
  find('empty').hidden = find('pictures').childElementCount > 0
}

async function showLimits() {
  const { maxImageBytes } = await limits
  if (maxImageBytes < Infinity) find('limit').textContent = `, up to ${formatBytes(maxImageBytes)} each`
}

/** @param {Frame} frame */
function show(frame) {
  find('pictures').prepend(frame.element)
  find('empty').hidden = true
}

/** @param {string} id @returns {HTMLElement} */
function find(id) {
  const element = document.getElementById(id)
  if (!element) throw new Error(`The page has no #${id}`)
  return element
}
