"""The applications that run behind the proxy in a browser. Another one is a module here and a row in PRODUCTS."""

from tests.apps.products.django import DJANGO
from tests.apps.products.etherpad import ETHERPAD
from tests.apps.products.jupyter import JUPYTER
from tests.apps.products.mediawiki import MEDIAWIKI
from tests.apps.products.redmine import REDMINE
from tests.apps.products.syncthing import SYNCTHING

PRODUCTS = (DJANGO, JUPYTER, ETHERPAD, MEDIAWIKI, REDMINE, SYNCTHING)
