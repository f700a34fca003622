"""The room of face recognition (人脸识别): the only folder that may import cv2 or dlib (DESIGN §2).

Of its modules only `dlib_encoder` and `worker` need these; `bands` and `quality` are plain numbers, `gallery` and
`calibrate` need numpy. All of that comes with the extra `faces`.
"""
