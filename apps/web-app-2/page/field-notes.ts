import { onPictures } from './choose-pictures.ts'
import { find } from './document.ts'
import { createFrame } from './frame.ts'
import {
  hasUnsaved,
  largestPicture,
  savedPictures,
  sendUntilAccepted,
  submitPicture,
} from './send-pictures.ts'
import { showEarlier, showFirst } from './show-pictures.ts'

onPictures((files) => {
  const note = find<HTMLInputElement>('note').value.trim()
  for (const file of files) {
    const picture = { name: file.name || 'Pasted picture', note, file }
    const frame = createFrame({ ...picture, bytes: file.size })
    showFirst(frame)
    void submitPicture(picture, frame)
  }
})
find('sender').addEventListener('submit', (event) => event.preventDefault())
addEventListener('beforeunload', (event) => {
  if (hasUnsaved()) event.preventDefault()
})
addEventListener('online', showConnection)
addEventListener('offline', showConnection)
showConnection()
await Promise.all([sendSaved(), showEarlier(), showLimit()])

/** Goes on with the pictures that an earlier visit did not send. */
async function sendSaved(): Promise<void> {
  for (const upload of await savedPictures()) {
    const frame = createFrame({ ...upload, bytes: upload.file.size })
    showFirst(frame)
    void sendUntilAccepted(upload, frame)
  }
}

async function showLimit(): Promise<void> {
  const largest = await largestPicture()
  if (largest) find('limit').textContent = `Up to ${largest} each`
}

function showConnection(): void {
  find('offline').textContent = navigator.onLine
    ? ''
    : 'You are offline. Pictures that you add are kept here and sent when you are back online.'
}
