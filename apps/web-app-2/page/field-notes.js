// @ts-check

import { followImage } from './follow-image.js'
import { createFrame } from './frame.js'
import { newImageKey } from './image-key.js'
import { limit } from './limit.js'
import { askServer, sendImage } from './server.js'
import { bytesInWords } from './words.js'

/** @import { Frame } from './frame.js' */

/** Two uploads and four long polls are the six connections that a browser grants a site. */
const uploads = limit(2)

/** Without an answer the server judges the size itself. */
const limits = askServer('/api/limits').then((answer) =>
  'problem' in answer ? { maxImageBytes: Infinity } : answer,
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
  if (uploads.busy()) event.preventDefault()
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
 * Sends a file and follows it to its end. A retry keeps the key: should the first attempt have reached Kafka
 * after all, both are the same image.
 *
 * @param {Frame} frame @param {File} file @param {string} text @param {string} key
 */
async function submit(frame, file, text, key) {
  const retry = () => submit(frame, file, text, key)
  const { maxImageBytes } = await limits
  if (file.size > maxImageBytes) {
    return frame.isRefused(
      `The picture has ${bytesInWords(file.size)}; up to ${bytesInWords(maxImageBytes)} can be sent. Send it smaller.`,
    )
  }
  frame.waits()
  const answer = await uploads.run(() => {
    frame.uploads(0)
    return sendImage({ file, note: text, key, onProgress: frame.uploads })
  })
  if ('problem' in answer) {
    const { detail, retryable } = answer.problem
    return frame.isRefused(detail, retryable ? retry : undefined)
  }
  frame.accepted()
  followImage(answer.id, frame)
}

/** What had been sent before this page was loaded. */
async function showRecent() {
  const answer = await askServer('/api/images')
  find('trouble').hidden = !('problem' in answer)
  if ('problem' in answer) {
    find('trouble').textContent = answer.problem.detail
    return
  }
  for (const image of answer.items.toReversed()) {
    const frame = createFrame({ name: image.filename ?? 'Unnamed', bytes: image.original?.bytes })
    show(frame)
    if (frame.update(image)) continue
    followImage(image.id, frame)
  }
  find('empty').hidden = find('pictures').childElementCount > 0
}

async function showLimits() {
  const { maxImageBytes } = await limits
  if (maxImageBytes < Infinity) find('limit').textContent = `, up to ${bytesInWords(maxImageBytes)} each`
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
