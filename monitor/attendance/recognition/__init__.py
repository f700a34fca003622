"""The room of face recognition (人脸识别): the only folder that may import cv2 or dlib (DESIGN §2).

Empty so far: check-ins by face come from terminals that recognise people themselves.
"""
