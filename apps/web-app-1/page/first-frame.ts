/**
 * Resolves once the camera shows something. Uppy offers its button before that, and a picture taken then would be a
 * file with the text `null` in it.
 */
export async function firstFrame(): Promise<void> {
  const video = document.querySelector<HTMLVideoElement>('.uppy-Webcam-video')
  if (!video || video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return
  await new Promise((resolve) => video.addEventListener('loadeddata', resolve, { once: true }))
}
