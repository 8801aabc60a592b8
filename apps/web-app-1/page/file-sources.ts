import { element } from './announce.ts'

/**
 * Accepts files that are dropped or pasted outside of Uppy's dashboard, which handles only its own area. Without this,
 * the browser would open a file that is dropped beside the dashboard.
 */
export function addFromWholePage(add: (files: File[]) => void): void {
  const dashboard = element('uploader')
  const isOutside = ({ target }: Event) => !dashboard.contains(target as Node)
  addEventListener('paste', (event) => {
    if (isOutside(event) && !dashboard.contains(document.activeElement)) add(filesOf(event.clipboardData))
  })
  addEventListener('dragover', (event) => isOutside(event) && event.preventDefault())
  addEventListener('drop', (event) => {
    if (!isOutside(event)) return
    event.preventDefault()
    add(filesOf(event.dataTransfer))
  })
}

function filesOf(transfer: DataTransfer | null): File[] {
  return [...(transfer?.files ?? [])]
}

/**
 * Resolves once the camera shows its first frame. Uppy enables its button earlier, and a picture taken then would be a
 * file that contains the text `null`.
 */
export async function waitForCamera(): Promise<void> {
  const video = document.querySelector<HTMLVideoElement>('.uppy-Webcam-video')
  if (!video || video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return
  await new Promise((resolve) => video.addEventListener('loadeddata', resolve, { once: true }))
}
