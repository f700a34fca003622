// the service worker of the kiosk
